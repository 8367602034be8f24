; expect: C9
; the time limit is known when the program runs, the message is used untested
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare ptr @buskin_actor_receive(i64)

define i64 @next(i64 %limit) #0 {
entry:
  %m = call ptr @buskin_actor_receive(i64 %limit)
  %tag = load i64, ptr %m
  ret i64 %tag
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
