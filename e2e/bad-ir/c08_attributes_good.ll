; expect: clean
; it does not unwind
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare ptr @buskin_actor_receive(i64) nounwind

define i1 @wait() #0 {
  %m = call ptr @buskin_actor_receive(i64 -1)
  %some = icmp ne ptr %m, null
  ret i1 %some
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
