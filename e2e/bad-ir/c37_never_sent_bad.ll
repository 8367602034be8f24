; expect: C37
; one way forgets it
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

@desc = private constant { i32, i16, i16, i32, i16, i16, ptr, [1 x i32] } { i32 8, i16 0, i16 1, i32 0, i16 0, i16 0, ptr null, [1 x i32] [i32 0] }, align 8
@node = private constant { i32, i16, i16, i32, i16, i16, ptr } { i32 8, i16 0, i16 0, i32 0, i16 0, i16 0, ptr null }, align 8
declare ptr @buskin_message_new(i64, i64, ptr, i64)
declare i32 @buskin_message_send(ptr)
declare ptr @buskin_alloc(ptr)

define i32 @tell(i64 %to, i64 %n) #0 {
entry:
  %m = call ptr @buskin_message_new(i64 %to, i64 7, ptr @desc, i64 0)
  %none = icmp eq ptr %m, null
  br i1 %none, label %lost, label %fill
fill:
  %slot = getelementptr i8, ptr %m, i64 16
  store ptr null, ptr %slot
  %big = icmp sgt i64 %n, 100
  br i1 %big, label %lost, label %send
send:
  %status = call i32 @buskin_message_send(ptr %m)
  ret i32 %status
lost:
  ret i32 -2
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
