import copy
import torch, torch.nn as nn, torch.nn.functional as F

torch.manual_seed(55)
D_IN, K, B = 20, 24, 50
tau_s, tau_t, ema, c_m = 0.1, 0.05, 0.99, 0.9

mus = 3 * torch.randn(6, D_IN)
lab = torch.randint(0, 6, (1200,))
X = mus[lab] + torch.randn(1200, D_IN)

student = nn.Sequential(nn.Linear(D_IN, 64), nn.GELU(), nn.Linear(64, K))
teacher = copy.deepcopy(student)
for p in teacher.parameters():
    p.requires_grad = False
opt = torch.optim.AdamW(student.parameters(), lr=1e-3, weight_decay=0.04)
center = torch.zeros(1, 1, K)


def aug(x):
    return x * (torch.rand_like(x) > 0.1) + 0.3 * torch.randn_like(x)


def dino_loss(s_out, t_out):
    # s_out, t_out: (views, batch, K)
    t = F.softmax((t_out - center) / tau_t, dim=-1)
    logs = F.log_softmax(s_out / tau_s, dim=-1)
    total, terms = 0.0, 0
    for i in range(len(t)):
        for j in range(len(logs)):
            if i == j:
                continue
            total = total - (t[i] * logs[j]).sum(-1).mean()
            terms += 1
    return total / terms


@torch.no_grad()
def batch_center(teacher_out):
    total = teacher_out.sum(dim=(0, 1), keepdim=True)
    return total / (teacher_out.shape[0] * teacher_out.shape[1])


for ep in range(8):
    tot = 0.0
    for idx in torch.randperm(len(X)).split(B):
        views = [aug(X[idx]), aug(X[idx])]
        s_out = torch.stack([student(v) for v in views])
        with torch.no_grad():
            t_out = torch.stack([teacher(v) for v in views])
        loss = dino_loss(s_out, t_out)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(student.parameters(), 3.0)
        opt.step()
        with torch.no_grad():
            for ps, pt in zip(student.parameters(), teacher.parameters()):
                pt.mul_(ema).add_(ps, alpha=1 - ema)
            center = center * c_m + batch_center(t_out) * (1 - c_m)
        tot += loss.item()
    with torch.no_grad():
        code = teacher(X).argmax(1)
    print(f"ep {ep} loss {tot / (len(X) // B):.3f} used prototypes {code.unique().numel()}")
