; expect: clean
; a slot that the descriptor names
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare i32 @buskin_send_word(i64, i64, i64)
@slots = internal constant { i32, i16, i16, i32, i16, i16, ptr, [1 x i32] } { i32 8, i16 0, i16 1, i32 0, i16 0, i16 0, ptr null, [1 x i32] zeroinitializer }, align 8
@pair = internal constant { i32, i16, i16, i32, i16, i16, ptr } { i32 16, i16 0, i16 0, i32 0, i16 0, i16 0, ptr null }, align 8
declare ptr @buskin_alloc(ptr)
declare i32 @buskin_send(i64, i64, ptr, ptr)

define void @tell(i64 %to) #0 {
  %slot = alloca ptr
  %object = call ptr @buskin_alloc(ptr @pair)
  store ptr %object, ptr %slot
  %status = call i32 @buskin_send(i64 %to, i64 77, ptr @slots, ptr %slot)
  ret void
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
