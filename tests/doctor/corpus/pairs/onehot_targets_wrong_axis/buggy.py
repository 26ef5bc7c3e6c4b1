import torch, torch.nn as nn, torch.nn.functional as F

torch.manual_seed(35)
K = 5
x = torch.randn(500, 9)
votes = torch.randint(0, 8, (500, K)).float()
votes[torch.arange(500), x[:, :K].argmax(1)] += 12
m = nn.Sequential(nn.Linear(9, 40), nn.ReLU(), nn.Linear(40, K))
opt = torch.optim.NAdam(m.parameters(), lr=3e-3)
for ep in range(6):
    m.train()
    for i in torch.randperm(400).split(50):
        soft = votes[i] / votes[i].sum(0, keepdim=True)
        loss = F.cross_entropy(m(x[i]), soft)
        opt.zero_grad()
        loss.backward()
        opt.step()
    m.eval()
    with torch.no_grad():
        hit = m(x[400:]).argmax(1) == votes[400:].argmax(1)
    print(ep, hit.float().mean().item())
