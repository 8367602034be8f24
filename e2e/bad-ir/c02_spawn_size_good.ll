; expect: clean
; all 48 bytes are copied
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare i64 @buskin_actor_spawn(ptr, ptr, i64, i8 zeroext)
declare void @use(i64, i64)

define void @body(ptr %args, i64 %first) #0 {
  %far = getelementptr i8, ptr %args, i64 40
  %second = load i64, ptr %far
  call void @use(i64 %first, i64 %second)
  ret void
}

define void @entry(ptr %args) #0 {
  %first = load i64, ptr %args
  call void @body(ptr %args, i64 %first)
  ret void
}

define i64 @start(i64 %x) #0 {
  %buffer = alloca [6 x i64]
  call void @llvm.memset.p0.i64(ptr %buffer, i8 0, i64 48, i1 false)
  store i64 %x, ptr %buffer
  %pid = call i64 @buskin_actor_spawn(ptr @entry, ptr %buffer, i64 48, i8 zeroext 1)
  ret i64 %pid
}

declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
