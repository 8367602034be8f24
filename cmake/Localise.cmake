# buskin_localise(NAME target OBJECTS object-library... [ARCHIVES file...] KEEP file [RENAME file])
#
# Builds lib/libNAME.a from one object in which only the symbols that KEEP lists are global; what it needs of the ARCHIVES
# is in it too. Hidden visibility
# would not do: it keeps symbols out of shared objects, but inside a static link an internal mailbox_push still
# collides with a user's. RENAME is a list for objcopy --redefine-syms (the prefix option). Section names stay
# apart, so --gc-sections works on the result.
function(buskin_localise)
  cmake_parse_arguments(A "" "NAME;KEEP;RENAME" "OBJECTS;ARCHIVES" ${ARGN})
  set(merged ${CMAKE_CURRENT_BINARY_DIR}/${A_NAME}.o)
  set(archive ${CMAKE_ARCHIVE_OUTPUT_DIRECTORY}/lib${A_NAME}.a)
  foreach(library ${A_OBJECTS})
    list(APPEND objects $<TARGET_OBJECTS:${library}>)
  endforeach()
  set(rename)
  if(A_RENAME)
    set(rename COMMAND ${CMAKE_OBJCOPY} --redefine-syms=${A_RENAME} ${merged})
  endif()
  add_custom_command(
    OUTPUT ${archive}
    COMMAND ${CMAKE_LINKER} -r -o ${merged} ${objects} ${A_ARCHIVES}
    COMMAND ${CMAKE_OBJCOPY} --wildcard --keep-global-symbols=${A_KEEP} ${merged}
    ${rename}
    COMMAND ${CMAKE_COMMAND} -E rm -f ${archive}
    COMMAND ${CMAKE_AR} rcs ${archive} ${merged}
    DEPENDS ${objects} ${A_KEEP} ${A_RENAME}
    COMMAND_EXPAND_LISTS VERBATIM
    COMMENT "Localising lib${A_NAME}.a")
  add_custom_target(lib${A_NAME} ALL DEPENDS ${archive})
  if(TARGET abi-readings)
    add_dependencies(lib${A_NAME} abi-readings)
  endif()
endfunction()
