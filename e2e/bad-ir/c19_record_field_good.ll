; expect: clean
; the pid
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare ptr @buskin_context()

define i64 @f() #0 {
  %c = call ptr @buskin_context()
  %p = getelementptr i8, ptr %c, i64 40
  %x = load i64, ptr %p
  ret i64 %x
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
