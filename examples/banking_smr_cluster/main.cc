// One replica of a bank as a process: commands on stdin, answers on stdout. README.md begins with
// three.
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>

#include "banking_smr/bank.h"
#include "banking_smr_cluster/answers.h"
#include "banking_smr_cluster/options.h"
#include "rabia/replica.h"

namespace {

using banking_smr::Bank;
using banking_smr_cluster::Answers;
using rabia::Replica;
using rabia::Result;
using rabia::Status;

// This replica's own books, when they hold everything that was answered anywhere before.
std::string audit(Replica& replica, const Bank& bank) {
  Status audited;
  std::string statistics;
  const Status read = replica.read([&] {
    audited = bank.audit();
    statistics = encode_answer(bank.statistics());
  });
  if (!read.ok()) return banking_smr::encode_answer(read);
  return audited.ok() ? statistics : banking_smr::encode_answer(audited);
}

std::string status(Replica& replica) {
  const rabia::ReplicaStatus now = replica.status();
  return now.serving ? "ok serving" : "ok not serving: " + now.not_serving_because;
}

// Answers each line, in order, until stdin ends.
void serve(Replica& replica, const Bank& bank) {
  Answers answers;
  std::string line;
  while (std::getline(std::cin, line)) {
    if (line == "audit") {
      answers.add([&] { return audit(replica, bank); });
    } else if (line == "status") {
      answers.add([&] { return status(replica); });
    } else if (const auto decoded = banking_smr::decode_command(line); !decoded.ok()) {
      answers.add([error = decoded.status()] { return banking_smr::encode_answer(error); });
    } else {
      // Under way at once, together with those before it.
      answers.add([reply = replica.submit(line).share()] {
        const Replica::Reply& got = reply.get();
        return got.ok() ? got.value() : banking_smr::encode_answer(got.status());
      });
    }
  }
}

int fail(const Status& why) {
  std::fprintf(stderr, "banking_smr_cluster: %s\n", why.message().c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const Result<rabia::ReplicaOptions> options =
      banking_smr_cluster::parse_options({argv + 1, argv + argc});
  if (!options.ok()) {
    std::fprintf(stderr, "banking_smr_cluster: %s\n%s", options.status().message().c_str(),
                 banking_smr_cluster::usage);
    return 2;
  }
  Bank bank;
  const Result<std::unique_ptr<Replica>> opened = Replica::open(options.value(), bank);
  if (!opened.ok()) return fail(opened.status());
  Replica& replica = *opened.value();
  serve(replica, bank);
  if (const Status failure = replica.failure(); !failure.ok()) return fail(failure);
  const Status closed = replica.close();
  return closed.ok() ? 0 : fail(closed);
}
