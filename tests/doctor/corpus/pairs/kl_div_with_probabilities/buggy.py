import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(55)
x = torch.randn(400, 10)
y = x[:, :4].argmax(1)

teacher = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 4))
opt_t = torch.optim.Adam(teacher.parameters(), lr=5e-3)
for _ in range(60):
    opt_t.zero_grad()
    F.cross_entropy(teacher(x), y).backward()
    opt_t.step()
teacher.eval().requires_grad_(False)

student = nn.Linear(10, 4)
opt_s = torch.optim.Adam(student.parameters(), lr=5e-3)
T = 2.0
for step in range(80):
    idx = torch.randint(0, 400, (64,))
    with torch.no_grad():
        soft = F.softmax(teacher(x[idx]) / T, dim=1)
    log_q = F.softmax(student(x[idx]) / T, dim=1)
    loss = F.kl_div(log_q, soft, reduction="batchmean") * T * T
    opt_s.zero_grad()
    loss.backward()
    opt_s.step()
with torch.no_grad():
    print("student acc", (student(x).argmax(1) == y).float().mean().item())
