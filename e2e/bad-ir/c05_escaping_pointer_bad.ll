; expect: C5
; the address of a local goes to the new actor
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare i64 @buskin_actor_spawn(ptr, ptr, i64, i8 zeroext)
declare void @use(ptr)

define void @entry(ptr %args) #0 {
  %p = load ptr, ptr %args
  call void @use(ptr %p)
  ret void
}

@table = internal constant [4 x i64] zeroinitializer

define i64 @start(i64 %x) #0 {
  %local = alloca i64
  %buffer = alloca ptr
  store volatile i64 %x, ptr %local
  store ptr %local, ptr %buffer
  %pid = call i64 @buskin_actor_spawn(ptr @entry, ptr %buffer, i64 8, i8 zeroext 1)
  ret i64 %pid
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
