; expect: C36
; on one way
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare ptr @buskin_actor_receive(i64)
declare void @buskin_message_release(ptr)

define void @next() #0 {
entry:
  %m = call ptr @buskin_actor_receive(i64 -1)
  %data = getelementptr i8, ptr %m, i64 16
  %x = load i64, ptr %data
  %early = icmp eq i64 %x, 0
  br i1 %early, label %first, label %then
first:
  call void @buskin_message_release(ptr %m)
  br label %then
then:
  call void @buskin_message_release(ptr %m)
  ret void
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
