// From a change to what a subscriber keeps of it.
#pragma once

#include "kv/change.h"
#include "rabia/kv/notification.h"

namespace rabia::kv {

[[nodiscard]] ChangeNotification notification_of(const Change& change);

}  // namespace rabia::kv
