; expect: C6
; declared right, called with a missing parameter
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare i32 @buskin_actor_send(i64, ptr, i64)

define void @tell(i64 %to) #0 {
  %status = call i32 (i64, ptr) @buskin_actor_send(i64 %to, ptr null)
  ret void
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
