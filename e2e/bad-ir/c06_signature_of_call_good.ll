; expect: clean
; called as declared; a status may be ignored, and declared away
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare void @buskin_actor_send(i64, ptr, i64)

define void @tell(i64 %to) #0 {
  call void @buskin_actor_send(i64 %to, ptr null, i64 0)
  ret void
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
