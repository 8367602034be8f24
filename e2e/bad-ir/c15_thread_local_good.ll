; expect: clean
; it is taken after the call
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

@counter = thread_local global i64 0
declare ptr @llvm.threadlocal.address.p0(ptr)
declare void @buskin_actor_yield()

define i64 @count() #0 {
  call void @buskin_actor_yield()
  %p = call ptr @llvm.threadlocal.address.p0(ptr @counter)
  %n = load i64, ptr %p
  ret i64 %n
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
