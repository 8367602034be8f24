; expect: unknown C1
; the entry comes from a table that is not in sight
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare i64 @buskin_actor_spawn(ptr, ptr, i64, i8 zeroext)

define i64 @start(ptr %entry) #0 {
  %pid = call i64 @buskin_actor_spawn(ptr %entry, ptr null, i64 0, i8 zeroext 1)
  ret i64 %pid
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
