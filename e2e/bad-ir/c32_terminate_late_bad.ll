; expect: C32
; after spawn, when the actor may have ended
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare i64 @buskin_actor_self()
declare void @buskin_actor_set_terminate(i64, ptr)

define void @f(i64 %pid) #0 {
  call void @buskin_actor_set_terminate(i64 %pid, ptr null)
  ret void
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
