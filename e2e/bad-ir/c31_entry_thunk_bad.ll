; expect: C31
; a function of the language's own
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

@buskin_abi_epoch_0_2 = external constant i8
@desc = internal constant { i64, ptr, ptr, ptr, ptr, i64, i64, i64, i32, i32, i32, i8, [3 x i8] } { i64 80, ptr @entry, ptr null, ptr null, ptr null, i64 0, i64 0, i64 0, i32 0, i32 0, i32 0, i8 1, [3 x i8] zeroinitializer }, align 8
declare i64 @buskin_spawn(ptr, ptr, i32, ptr)

define internal void @entry(ptr %args) #0 {
  %epoch = load volatile i8, ptr @buskin_abi_epoch_0_2
  ret void
}

define i64 @start() #0 {
  %pid = call i64 @buskin_spawn(ptr @desc, ptr null, i32 0, ptr null)
  ret i64 %pid
}

attributes #0 = { nounwind "buskin-actor" "frame-pointer"="all" "probe-stack"="inline-asm" }

!llvm.module.flags = !{!0, !1}
!0 = !{i32 1, !"buskin.abi", i32 2}
!1 = !{i32 1, !"buskin.checks", i32 1}
