; expect: clean
; it is taken when the budget is used up
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare ptr @buskin_context()
declare void @buskin_reduction_slow()
declare { i64, i1 } @llvm.usub.with.overflow.i64(i64, i64)

define i64 @sum(i64 %n) #0 {
entry:
  %c = call ptr @buskin_context()
  br label %loop

loop:
  %i = phi i64 [ 0, %entry ], [ %i1, %body ]
  %s = phi i64 [ 0, %entry ], [ %s1, %body ]
  %budget = load i64, ptr %c
  %pair = call { i64, i1 } @llvm.usub.with.overflow.i64(i64 %budget, i64 1)
  %left = extractvalue { i64, i1 } %pair, 0
  store i64 %left, ptr %c
  %over = extractvalue { i64, i1 } %pair, 1
  br i1 %over, label %slow, label %body

slow:
  call void @buskin_reduction_slow()
  br label %body

body:
  %s1 = add i64 %s, %i
  %i1 = add i64 %i, 1
  %more = icmp ult i64 %i1, %n
  br i1 %more, label %loop, label %done

done:
  ret i64 %s1
}

attributes #0 = { nounwind "buskin-actor" "frame-pointer"="all" "probe-stack"="inline-asm" }

!llvm.module.flags = !{!0, !1}
!0 = !{i32 1, !"buskin.abi", i32 2}
!1 = !{i32 1, !"buskin.checks", i32 1}
