# LLVM 19 through llvm-config: its shared library and its C headers. LLVM's own CMake package would ask for the
# development files of libraries that the C API does not need.
find_program(LLVM_CONFIG NAMES llvm-config-19 PATHS /usr/lib/llvm-19/bin NAMES_PER_DIR)
if(NOT LLVM_CONFIG)
  message(FATAL_ERROR "llvm-config-19 is missing: tools/setup installs it (package llvm-19-dev)")
endif()
foreach(what includedir libdir)
  execute_process(COMMAND ${LLVM_CONFIG} --${what} OUTPUT_VARIABLE LLVM_${what} OUTPUT_STRIP_TRAILING_WHITESPACE
                  COMMAND_ERROR_IS_FATAL ANY)
endforeach()
execute_process(COMMAND ${LLVM_CONFIG} --libs --link-shared OUTPUT_VARIABLE LLVM_libs
                OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)

add_library(llvm INTERFACE)
target_include_directories(llvm SYSTEM INTERFACE ${LLVM_includedir})
target_link_options(llvm INTERFACE -L${LLVM_libdir})
target_link_libraries(llvm INTERFACE ${LLVM_libs})
