; expect: clean
; the block ends there
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare void @buskin_panic(ptr, i64, ptr, i32, i32) noreturn
@text = internal constant [4 x i8] c"oops"

define void @fail() #0 {
  call void @buskin_panic(ptr @text, i64 4, ptr null, i32 0, i32 0)
  unreachable
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
