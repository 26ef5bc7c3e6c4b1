import torch
from torch.distributions import Categorical

torch.manual_seed(29)
true_p = torch.tensor([0.2, 0.5, 0.8])
theta = torch.zeros(3, requires_grad=True)
opt = torch.optim.Adam([theta], lr=0.1)
baseline = 0.0
for t in range(150):
    dist = Categorical(logits=theta)
    a = dist.sample()
    r = float(torch.rand(()) < true_p[a])
    loss = -dist.log_prob(a) * (r - baseline)
    opt.zero_grad()
    loss.backward()
    opt.step()
    baseline += 0.05 * (r - baseline)
print("policy", torch.softmax(theta.detach(), 0).tolist())
