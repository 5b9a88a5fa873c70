// gRPC's plugin for C#. Debian has what it does in a library, and no program that calls it.
// Takes the one option of our template: base_namespace.

#include <memory>
#include <string>

#include <google/protobuf/compiler/code_generator.h>
#include <google/protobuf/compiler/csharp/csharp_names.h>
#include <google/protobuf/compiler/plugin.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/printer.h>
#include <google/protobuf/io/zero_copy_stream.h>

namespace protobuf = google::protobuf;

namespace grpc_csharp_generator {  // in libgrpc_plugin_support, of which there is no header
std::string GetServices(const protobuf::FileDescriptor*, bool client, bool server, bool internal);
}

class Services : public protobuf::compiler::CodeGenerator {
    uint64_t GetSupportedFeatures() const override { return FEATURE_PROTO3_OPTIONAL; }

    bool Generate(const protobuf::FileDescriptor* file, const std::string& options,
                  protobuf::compiler::GeneratorContext* context, std::string* error) const override {
        const std::string option = "base_namespace=";
        if (options.rfind(option, 0) != 0) {
            *error = "takes " + option;
            return false;
        }
        const auto code = grpc_csharp_generator::GetServices(file, true, true, false);
        if (code.empty()) return true;  // a file without services
        const auto name = protobuf::compiler::csharp::GetOutputFile(
            file, "Grpc.cs", true, options.substr(option.size()), error);
        if (name.empty()) return false;
        std::unique_ptr<protobuf::io::ZeroCopyOutputStream> output(context->Open(name));
        protobuf::io::Printer(output.get(), '$').PrintRaw(code);
        return true;
    }
};

int main(int argc, char* argv[]) {
    const Services services;
    return protobuf::compiler::PluginMain(argc, argv, &services);
}
