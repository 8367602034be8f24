; expect: clean
; through its body
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

@buskin_abi_epoch_0_2 = external constant i8
@__actor_desc_body = internal constant { i64, ptr, ptr, ptr, ptr, i64, i64, i64, i32, i32, i32, i8, [3 x i8] } { i64 80, ptr @__actor_entry_body, ptr null, ptr null, ptr null, i64 0, i64 0, i64 0, i32 0, i32 0, i32 0, i8 1, [3 x i8] zeroinitializer }, align 8
declare ptr @buskin_context()
declare void @buskin_reduction_slow()
declare { i64, i1 } @llvm.usub.with.overflow.i64(i64, i64)

define internal void @__actor_entry_body(ptr %args) #1 {
  %epoch = load volatile i8, ptr @buskin_abi_epoch_0_2
  call tailcc void @body()
  ret void
}

define internal tailcc void @body() #0 {
entry:
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
  musttail call tailcc void @body()
  ret void
}

attributes #0 = { nounwind "buskin-actor" "frame-pointer"="all" "probe-stack"="inline-asm" }
attributes #1 = { nounwind "buskin-actor" "buskin-entry" "frame-pointer"="all" "probe-stack"="inline-asm" }

!llvm.module.flags = !{!0, !1}
!0 = !{i32 1, !"buskin.abi", i32 2}
!1 = !{i32 1, !"buskin.checks", i32 1}
