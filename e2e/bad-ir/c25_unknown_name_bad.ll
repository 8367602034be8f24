; expect: C25
; no such function
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare i64 @buskin_actor_clone(i64)

define i64 @f(i64 %pid) #0 {
  %copy = call i64 @buskin_actor_clone(i64 %pid)
  ret i64 %copy
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
