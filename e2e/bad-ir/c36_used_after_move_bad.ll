; expect: C36
; the data is read when the message is on its way
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare ptr @buskin_actor_receive(i64)
declare i32 @buskin_send_move(i64, i64, ptr)

define i64 @forward(i64 %to) #0 {
  %m = call ptr @buskin_actor_receive(i64 -1)
  %status = call i32 @buskin_send_move(i64 %to, i64 7, ptr %m)
  %data = getelementptr i8, ptr %m, i64 16
  %x = load i64, ptr %data
  ret i64 %x
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
