; expect: C3
; the layouts that site and entry declare differ
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

@desc = internal constant { i64, ptr, ptr, ptr, ptr, i64, i64, i64, i32, i32, i32, i8, [3 x i8] } { i64 80, ptr @entry, ptr null, ptr @slots, ptr null, i64 0, i64 0, i64 0, i32 0, i32 0, i32 0, i8 1, [3 x i8] zeroinitializer }, align 8
@slots = internal constant { i32, i16, i16, i32, i16, i16, ptr } { i32 16, i16 0, i16 0, i32 0, i16 0, i16 0, ptr null }, align 8
declare i64 @buskin_spawn(ptr, ptr, i32, ptr)
declare void @use(double, i64)

define void @entry(ptr %args) #0 !buskin.layout !0 {
  %x = load double, ptr %args
  %at = getelementptr i8, ptr %args, i64 8
  %n = load i64, ptr %at
  call void @use(double %x, i64 %n)
  ret void
}

define i64 @start(i64 %n, double %x) #0 {
  %buffer = alloca [2 x i64]
  store double %x, ptr %buffer
  %at = getelementptr i8, ptr %buffer, i64 8
  store i64 %n, ptr %at
  %pid = call i64 @buskin_spawn(ptr @desc, ptr %buffer, i32 0, ptr null), !buskin.layout !1
  ret i64 %pid
}

!0 = !{i64 16, !2, !3}
!1 = !{i64 16, !4, !5}
!2 = !{i64 0, i64 8, !"f64"}
!3 = !{i64 8, i64 8, !"i64"}
!4 = !{i64 0, i64 8, !"i64"}
!5 = !{i64 8, i64 8, !"f64"}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
