; expect: clean
; inside a bracket
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare i64 @read(i32, ptr, i64) nocallback
declare i32 @buskin_foreign_enter()
declare void @buskin_foreign_leave()

define internal i64 @fetch(ptr %to) {
  %n = call i64 @read(i32 0, ptr %to, i64 64)
  ret i64 %n
}

define i64 @body(ptr %to) #0 {
  %entered = call i32 @buskin_foreign_enter()
  %n = call i64 @fetch(ptr %to)
  call void @buskin_foreign_leave()
  ret i64 %n
}

attributes #0 = { nounwind "buskin-actor" "frame-pointer"="all" "probe-stack"="inline-asm" }

!llvm.module.flags = !{!0, !1}
!0 = !{i32 1, !"buskin.abi", i32 2}
!1 = !{i32 1, !"buskin.checks", i32 1}
