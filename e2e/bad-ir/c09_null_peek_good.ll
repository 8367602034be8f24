; expect: clean
; it waits for ever
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare ptr @buskin_receive_peek(ptr)
declare void @buskin_receive_drop(ptr)

define i64 @next() #0 {
entry:
  %r = alloca [5 x i64], align 16
  %state = getelementptr i8, ptr %r, i64 8
  store i64 -1, ptr %r, align 16
  store i64 0, ptr %state
  %m = call ptr @buskin_receive_peek(ptr %r)
  %at = getelementptr i8, ptr %m, i64 16
  %x = load i64, ptr %at
  call void @buskin_receive_drop(ptr %r)
  ret i64 %x
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
