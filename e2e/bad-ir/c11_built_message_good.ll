; expect: clean
; the second is
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-pc-linux-gnu"

declare ptr @buskin_actor_receive(i64)
declare ptr @buskin_message_new(i64, i64, ptr, i64)
declare i32 @buskin_message_send(ptr)

@desc = private constant { i32, i16, i16, i32, i16, i16, ptr } { i32 16, i16 0, i16 0, i32 0, i16 0, i16 0, ptr null }, align 8

define void @tell(i64 %to, i64 %x) #0 {
entry:
  %m = call ptr @buskin_message_new(i64 %to, i64 701, ptr @desc, i64 0)
  %none = icmp eq ptr %m, null
  br i1 %none, label %done, label %fill
fill:
  %first = getelementptr i8, ptr %m, i64 16
  store i64 %x, ptr %first
  %second = getelementptr i8, ptr %m, i64 24
  store i64 %x, ptr %second
  %status = call i32 @buskin_message_send(ptr %m)
  br label %done
done:
  ret void
}

define i64 @next() #0 {
entry:
  %m = call ptr @buskin_actor_receive(i64 -1)
  %tag = load i64, ptr %m
  %is = icmp eq i64 %tag, 701
  br i1 %is, label %fits, label %other

fits:
  %at = getelementptr i8, ptr %m, i64 24
  %x = load i64, ptr %at
  ret i64 %x

other:
  ret i64 0
}

attributes #0 = { nounwind "frame-pointer"="all" "probe-stack"="inline-asm" }
