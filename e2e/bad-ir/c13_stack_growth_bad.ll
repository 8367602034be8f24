; expect: C13
; the stack grows with every message
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare i32 @buskin_actor_send(i64, ptr, i64)

define void @flood(i64 %to, i64 %n) #0 {
entry:
  br label %loop

loop:
  %i = phi i64 [ 0, %entry ], [ %i1, %loop ]
  %buffer = alloca i64
  store i64 %i, ptr %buffer
  %status = call i32 @buskin_actor_send(i64 %to, ptr %buffer, i64 8)
  %i1 = add i64 %i, 1
  %more = icmp ult i64 %i1, %n
  br i1 %more, label %loop, label %done

done:
  ret void
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
