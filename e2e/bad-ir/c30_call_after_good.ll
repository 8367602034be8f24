; expect: clean
; before the end
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare i32 @buskin_rt_init_actor(i32)
declare i64 @buskin_spawn_main(ptr, ptr)
declare i32 @buskin_rt_run_scheduler()
declare i32 @buskin_rt_keepalive(i32)
@desc = internal constant { i64, ptr, ptr, ptr, ptr, i64, i64, i64, i32, i32, i32, i8, [3 x i8] } { i64 80, ptr @entry, ptr null, ptr null, ptr null, i64 0, i64 0, i64 0, i32 0, i32 0, i32 0, i8 1, [3 x i8] zeroinitializer }, align 8

define void @entry(ptr %args) #0 {
  ret void
}

define i32 @main() {
entry:
  %status = call i32 @buskin_rt_init_actor(i32 0)
  %bad = icmp ne i32 %status, 0
  br i1 %bad, label %failed, label %started

failed:
  ret i32 1

started:
  %pid = call i64 @buskin_spawn_main(ptr @desc, ptr null)
  %none = icmp eq i64 %pid, 0
  br i1 %none, label %no_main, label %run

no_main:
  ret i32 1

run:
  %k2 = call i32 @buskin_rt_keepalive(i32 1)
  %end = call i32 @buskin_rt_run_scheduler()
  ret i32 %end
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
