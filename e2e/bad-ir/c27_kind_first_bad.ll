; expect: C27
; a notice of the runtime with that reference would pass for a user's message
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare ptr @buskin_actor_receive(i64)

define i64 @next() #0 {
entry:
  %m = call ptr @buskin_actor_receive(i64 -1)
  %tag = load i64, ptr %m
  %mine = icmp eq i64 %tag, 501
  br i1 %mine, label %fits, label %other

fits:
  ret i64 1

other:
  ret i64 0
}

attributes #0 = { nounwind "buskin-actor" "frame-pointer"="all" "probe-stack"="inline-asm" }

!llvm.module.flags = !{!0, !1}
!0 = !{i32 1, !"buskin.abi", i32 2}
!1 = !{i32 1, !"buskin.checks", i32 1}
