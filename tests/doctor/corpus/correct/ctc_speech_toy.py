import torch
from torch import nn

torch.manual_seed(7)
T, B, C, S = 20, 16, 6, 5
net = nn.GRU(4, 24, bidirectional=True)
proj = nn.Linear(48, C)
opt = torch.optim.Adam([*net.parameters(), *proj.parameters()], lr=5e-3)
ctc = nn.CTCLoss(blank=0, zero_infinity=True)
for it in range(30):
    target = torch.randint(1, C, (B, S))
    x = torch.randn(T, B, 4) * 0.1
    for k in range(S):
        x[4 * k:4 * k + 3, :, 0] += target[:, k]
    h, _ = net(x)
    logp = proj(h).log_softmax(2)
    loss = ctc(logp, target, torch.full((B,), T), torch.full((B,), S))
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_([*net.parameters(), *proj.parameters()], 5.0)
    opt.step()
print(loss.item())
