# cardea_room(FOLDER USES ...): the folder's *.cpp as one static library `cardea_<last name>`; USES names other rooms by
# folder, or third-party targets. cardea_binary(NAME SOURCE... USES ...): the same for a program.

add_library(cardea_flags INTERFACE)
target_include_directories(cardea_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(cardea_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wold-style-cast>
  -fPIE  # what is linked into a program only: functions may be inlined although other files could call them
  $<$<CONFIG:Debug>:-fno-omit-frame-pointer>
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fcoroutines -Wno-mismatched-new-delete>
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:${CMAKE_UNITY_BUILD}>>:-Wno-subobject-linkage>  # a unity file is not "the main file"
  $<$<BOOL:${CARDEA_WERROR}>:-Werror>)
target_compile_definitions(cardea_flags INTERFACE CARDEA_VERSION="${PROJECT_VERSION}" $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)  # Boost 1.74 does not see that clang has coroutines
  target_compile_definitions(cardea_flags INTERFACE BOOST_ASIO_HAS_CO_AWAIT BOOST_ASIO_HAS_STD_COROUTINE)
endif()
target_link_libraries(cardea_flags INTERFACE Threads::Threads)

# Sanitizers, or hardening: the binary reads what strangers send.
include(CheckCXXCompilerFlag)
include(CheckLinkerFlag)
include(CheckPIESupported)
check_pie_supported()
check_cxx_compiler_flag(-fcf-protection=full CARDEA_HAS_CF_PROTECTION)  # x86 only
check_cxx_compiler_flag(-fstack-clash-protection CARDEA_HAS_STACK_CLASH_PROTECTION)
check_linker_flag(CXX -Wl,-z,shstk CARDEA_HAS_SHADOW_STACK)
if(CARDEA_FUZZ)
  target_compile_options(cardea_flags INTERFACE -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  target_link_options(cardea_flags INTERFACE -fsanitize=fuzzer,address,undefined)
elseif(CARDEA_SANITIZE)
  target_compile_options(cardea_flags INTERFACE -fsanitize=${CARDEA_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(cardea_flags INTERFACE -fsanitize=${CARDEA_SANITIZE})
  if(CARDEA_SANITIZE MATCHES thread)  # TSan knows no fences; Asio's locks order the same things
    target_compile_definitions(cardea_flags INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
else()
  target_compile_options(cardea_flags INTERFACE
    -fstack-protector-strong $<$<CONFIG:Release>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=3>
    $<$<BOOL:${CARDEA_HAS_CF_PROTECTION}>:-fcf-protection=full>
    $<$<BOOL:${CARDEA_HAS_STACK_CLASH_PROTECTION}>:-fstack-clash-protection>)
  target_link_options(cardea_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack
    # Said for all objects, since the C library's own start files do not say it and would take it from the rest.
    $<$<AND:$<BOOL:${CARDEA_HAS_CF_PROTECTION}>,$<BOOL:${CARDEA_HAS_SHADOW_STACK}>>:-Wl,-z,shstk>)
endif()
find_program(CARDEA_MOLD mold)
if(CARDEA_MOLD)
  target_link_options(cardea_flags INTERFACE -fuse-ld=mold)
endif()

# One precompiled header for all rooms: the standard library as every file uses it. Only for daily work; what a user builds
# goes without, so that a file which lacks an include is found.
if(CARDEA_PCH)
  file(WRITE ${CMAKE_BINARY_DIR}/pch/empty.cpp "")
  add_library(cardea_pch OBJECT ${CMAKE_BINARY_DIR}/pch/empty.cpp)
  target_link_libraries(cardea_pch PRIVATE cardea_flags)
  target_compile_options(cardea_flags INTERFACE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fpch-preprocess>)  # ccache needs it
  target_precompile_headers(cardea_pch PRIVATE <algorithm> <array> <atomic> <chrono> <cstdint> <deque> <functional> <map> <memory>
    <optional> <span> <string> <string_view> <unordered_map> <utility> <variant> <vector> <tl/expected.hpp>)
endif()

function(cardea_target_name out folder)
  if(folder MATCHES "^(config|discovery|proxy)(/|$)")
    string(REGEX REPLACE ".*/" "" last ${folder})
    set(${out} cardea_${last} PARENT_SCOPE)
  else()
    set(${out} ${folder} PARENT_SCOPE)
  endif()
endfunction()

function(cardea_link target visibility)
  foreach(used IN LISTS ARGN)
    cardea_target_name(name ${used})
    target_link_libraries(${target} ${visibility} ${name})
  endforeach()
endfunction()

function(cardea_room folder)
  cmake_parse_arguments(room "" "" "USES" ${ARGN})
  cardea_target_name(target ${folder})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/proxy/main\\.cpp$")
  if(CARDEA_FUZZ)  # parsers only: the command line costs more to compile than the rest together
    list(FILTER sources EXCLUDE REGEX "/command_line\\.cpp$")
  endif()
  if(sources)
    add_library(${target} STATIC ${sources})
    set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL ${CARDEA_FUZZ})
    target_link_libraries(${target} PUBLIC cardea_flags)
    cardea_link(${target} PUBLIC ${room_USES})
    if(CARDEA_PCH)
      target_precompile_headers(${target} REUSE_FROM cardea_pch)
    endif()
  else()
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE cardea_flags)
    cardea_link(${target} INTERFACE ${room_USES})
  endif()
endfunction()

# How a release build optimises these rooms, where not with the -O2 of all others.
function(cardea_optimise how)
  foreach(folder IN LISTS ARGN)
    cardea_target_name(target ${folder})
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:${how}>)
  endforeach()
endfunction()

function(cardea_binary name)
  cmake_parse_arguments(binary "" "" "USES" ${ARGN})
  add_executable(${name} ${binary_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE cardea_flags)
  cardea_link(${name} PRIVATE ${binary_USES})
endfunction()
