; expect: clean
; both are there
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

define internal void @body(i64 %a, i64 %b) #0 {
  ret void
}

define void @f(i64 %a) #0 {
  call void @body(i64 %a, i64 %a)
  ret void
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
