; expect: clean
; one of them checks
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare ptr @buskin_context()
declare void @buskin_reduction_slow()
declare { i64, i1 } @llvm.usub.with.overflow.i64(i64, i64)

define i64 @even(i64 %n) #0 {
entry:
  %zero = icmp eq i64 %n, 0
  br i1 %zero, label %done, label %again

again:
  %c = call ptr @buskin_context()
  %budget = load i64, ptr %c
  %pair = call { i64, i1 } @llvm.usub.with.overflow.i64(i64 %budget, i64 1)
  %left = extractvalue { i64, i1 } %pair, 0
  store i64 %left, ptr %c
  %over = extractvalue { i64, i1 } %pair, 1
  br i1 %over, label %slow, label %go_on

slow:
  call void @buskin_reduction_slow()
  br label %go_on

go_on:
  %m = sub i64 %n, 1
  %r = call i64 @odd(i64 %m)
  ret i64 %r

done:
  ret i64 1
}

define internal i64 @odd(i64 %n) #0 {
  %r = call i64 @even(i64 %n)
  ret i64 %r
}

attributes #0 = { nounwind "buskin-actor" "frame-pointer"="all" "probe-stack"="inline-asm" }

!llvm.module.flags = !{!0, !1}
!0 = !{i32 1, !"buskin.abi", i32 2}
!1 = !{i32 1, !"buskin.checks", i32 1}
