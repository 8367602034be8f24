; expect: clean
; tested
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

@buskin_abi_epoch_0_2 = external constant i8
@__actor_desc_body = internal constant { i64, ptr, ptr, ptr, ptr, i64, i64, i64, i32, i32, i32, i8, [3 x i8] } { i64 80, ptr @__actor_entry_body, ptr null, ptr null, ptr @cleanup, i64 0, i64 0, i64 0, i32 0, i32 0, i32 0, i8 1, [3 x i8] zeroinitializer }, align 8

define internal void @__actor_entry_body(ptr %args) #1 {
  %epoch = load volatile i8, ptr @buskin_abi_epoch_0_2
  ret void
}

declare void @close(i64) nocallback

define internal void @cleanup(ptr %state, ptr %why) #1 {
entry:
  %none = icmp eq ptr %state, null
  br i1 %none, label %done, label %run

done:
  ret void

run:
  %handle = load i64, ptr %state
  call void @close(i64 %handle)
  ret void
}

attributes #1 = { nounwind "buskin-actor" "buskin-entry" "frame-pointer"="all" "probe-stack"="inline-asm" }

!llvm.module.flags = !{!0, !1}
!0 = !{i32 1, !"buskin.abi", i32 2}
!1 = !{i32 1, !"buskin.checks", i32 1}
