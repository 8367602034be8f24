; expect: clean
; what is moved has the data that it came with
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare ptr @buskin_actor_receive(i64)
declare i32 @buskin_send_move(i64, i64, ptr)

define void @tell(i64 %to, ptr %x) #0 {
  %status = call i32 @buskin_send_move(i64 %to, i64 701, ptr %x)
  ret void
}

define i64 @next() #0 {
entry:
  %m = call ptr @buskin_actor_receive(i64 -1)
  %tag = load i64, ptr %m
  %is = icmp eq i64 %tag, 701
  br i1 %is, label %fits, label %other

fits:
  %at = getelementptr i8, ptr %m, i64 32
  %x = load i64, ptr %at
  ret i64 %x

other:
  ret i64 0
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
