; expect: clean
; a function of the ABI
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare i32 @buskin_actor_is_alive(i64)

define i32 @f(i64 %pid) #0 {
  %alive = call i32 @buskin_actor_is_alive(i64 %pid)
  ret i32 %alive
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
