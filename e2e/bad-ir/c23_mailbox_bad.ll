; expect: C23
; the source declares a capacity of 100
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

@__actor_desc_server = internal constant { i64, ptr, ptr, ptr, ptr, i64, i64, i64, i32, i32, i32, i8, [3 x i8] } { i64 80, ptr @entry, ptr null, ptr null, ptr null, i64 0, i64 0, i64 0, i32 1, i32 0, i32 0, i8 1, [3 x i8] zeroinitializer }, align 8
declare i64 @buskin_spawn(ptr, ptr, i32, ptr)

define void @entry(ptr %args) #0 {
  ret void
}

define i64 @start() #0 {
  %pid = call i64 @buskin_spawn(ptr @__actor_desc_server, ptr null, i32 0, ptr null)
  ret i64 %pid
}

!buskin.actors = !{!0}
!0 = !{!"server", i64 100, i32 1, i32 0, i32 0, i32 1}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
