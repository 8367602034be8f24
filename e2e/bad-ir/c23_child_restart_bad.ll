; expect: C23
; a kind of restart that does not exist
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

@name = private constant [7 x i8] c"worker\00", align 1
@child = internal constant { i64, ptr, ptr, ptr, i64, i32, i32, i32, i32, i32, i32, i32, i32 } { i64 72, ptr @name, ptr @start, ptr null, i64 5000, i32 5, i32 0, i32 100, i32 5000, i32 3, i32 1000, i32 500, i32 0 }, align 8
@other = internal constant { i64, ptr, ptr, ptr, i64, i32, i32, i32, i32, i32, i32, i32, i32 } { i64 72, ptr @second, ptr @start, ptr null, i64 5000, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0, i32 0 }, align 8
@second = private constant [6 x i8] c"other\00", align 1
@children = internal constant [2 x ptr] [ptr @child, ptr @other], align 8
@supervisor = internal constant { i64, ptr, ptr, i64, i32, i32, i32, i32, i64 } { i64 56, ptr null, ptr @children, i64 2, i32 2, i32 0, i32 3, i32 0, i64 5000 }, align 8
declare i64 @buskin_supervisor_start(ptr, i32, ptr, ptr)

define i64 @start(ptr %args) #0 {
  ret i64 1
}

define i64 @run() #0 {
  %pid = call i64 @buskin_supervisor_start(ptr @supervisor, i32 0, ptr null, ptr null)
  ret i64 %pid
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
