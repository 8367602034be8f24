; expect: clean
; true and false, told apart by a select behind the end that they share
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare ptr @buskin_receive_peek(ptr)
declare void @buskin_receive_drop(ptr)
declare void @buskin_receive_skip(ptr)

define i64 @next() #0 {
entry:
  %r = alloca [5 x i64], align 16
  %state = getelementptr i8, ptr %r, i64 8
  store i64 -1, ptr %r, align 16
  store i64 0, ptr %state
  br label %scan

scan:
  %m = call ptr @buskin_receive_peek(ptr %r), !buskin.arms !0
  %before = getelementptr i8, ptr %m, i64 -16
  %kind = load i32, ptr %before
  %tag = load i64, ptr %m
  %user = icmp eq i32 %kind, 0
  %one = icmp eq i64 %tag, 501
  %first = and i1 %user, %one
  br i1 %first, label %arm, label %skip

arm:
  %at = getelementptr i8, ptr %m, i64 16
  %word = load i64, ptr %at
  call void @buskin_receive_drop(ptr %r)
  %truth = trunc i64 %word to i1
  %x = select i1 %truth, i64 7, i64 9
  ret i64 %x

skip:
  call void @buskin_receive_skip(ptr %r)
  br label %scan
}

!0 = !{i32 2}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
