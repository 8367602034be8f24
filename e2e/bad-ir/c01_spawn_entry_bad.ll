; expect: C1
; an actor with its typed parameter, where the runtime calls void (ptr)
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare i64 @buskin_actor_spawn(ptr, ptr, i64, i8 zeroext)

define void @health_checker(i64 %pool) #0 {
  ret void
}

define i64 @start(i64 %pool) #0 {
  %buffer = alloca i64
  store i64 %pool, ptr %buffer
  %pid = call i64 @buskin_actor_spawn(ptr @health_checker, ptr %buffer, i64 8, i8 zeroext 1)
  ret i64 %pid
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
