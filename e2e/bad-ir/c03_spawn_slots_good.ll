; expect: clean
; the bit fills its slot
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare i64 @buskin_actor_spawn(ptr, ptr, i64, i8 zeroext)
declare void @use(i64, i64)

define void @entry(ptr %args) #0 {
  %flag = load i64, ptr %args
  %at = getelementptr i8, ptr %args, i64 8
  %n = load i64, ptr %at
  call void @use(i64 %flag, i64 %n)
  ret void
}

define i64 @start(i1 %flag, i64 %n) #0 {
  %buffer = alloca [2 x i64]
  %word = zext i1 %flag to i64
  store i64 %word, ptr %buffer
  %at = getelementptr i8, ptr %buffer, i64 8
  store i64 %n, ptr %at
  %pid = call i64 @buskin_actor_spawn(ptr @entry, ptr %buffer, i64 16, i8 zeroext 1)
  ret i64 %pid
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
