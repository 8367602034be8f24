; expect: C18
; sizes would be guessed

define void @f() {
  ret void
}
