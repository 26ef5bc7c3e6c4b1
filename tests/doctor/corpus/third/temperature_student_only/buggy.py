# 知识蒸馏：大模型 -> 小模型
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(31)
proto = torch.randn(5, 12)
y_all = torch.randint(0, 5, (1500,))
x_all = proto[y_all] + 1.1 * torch.randn(1500, 12)
train_set = TensorDataset(x_all[:1200], y_all[:1200])
test_x, test_y = x_all[1200:], y_all[1200:]
loader = DataLoader(train_set, batch_size=60, shuffle=True)

teacher = nn.Sequential(nn.Linear(12, 128), nn.ReLU(), nn.Dropout(0.3), nn.Linear(128, 5))
student = nn.Sequential(nn.Linear(12, 10), nn.ReLU(), nn.Linear(10, 5))


def accuracy(net):
    net.eval()
    with torch.no_grad():
        return (net(test_x).argmax(1) == test_y).float().mean().item()


def distill_loss(s_logits, t_logits, y, T=3.0, alpha=0.7):
    # 软标签部分乘以 T^2，使梯度与硬标签部分同一量级
    soft = F.kl_div(F.log_softmax(s_logits / T, dim=1), F.softmax(t_logits, dim=1), reduction="batchmean") * T * T
    hard = F.cross_entropy(s_logits, y)
    return alpha * soft + (1 - alpha) * hard


# 第一步：训练教师
opt = torch.optim.Adam(teacher.parameters(), lr=2e-3)
for epoch in range(8):
    teacher.train()
    for xb, yb in loader:
        opt.zero_grad()
        F.cross_entropy(teacher(xb), yb).backward()
        opt.step()
print("teacher", accuracy(teacher))

# 第二步：教师固定，训练学生
teacher.eval()
opt = torch.optim.Adam(student.parameters(), lr=5e-3)
for epoch in range(10):
    student.train()
    for xb, yb in loader:
        with torch.no_grad():
            t_logits = teacher(xb)
        loss = distill_loss(student(xb), t_logits, yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
print("student", accuracy(student))
