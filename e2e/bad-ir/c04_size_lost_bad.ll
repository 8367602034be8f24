; expect: C4
; two words are stored, one is sent
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare i32 @buskin_actor_send(i64, ptr, i64)

define void @tell(i64 %to, i64 %x) #0 {
  %buffer = alloca [2 x i64]
  %second = getelementptr i8, ptr %buffer, i64 8
  store i64 7, ptr %buffer
  store i64 %x, ptr %second
  %status = call i32 @buskin_actor_send(i64 %to, ptr %buffer, i64 8)
  ret void
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
