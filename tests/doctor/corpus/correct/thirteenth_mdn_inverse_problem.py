# Mixture density network on the classic multi-valued inverse problem (Bishop 1994)
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical, MixtureSameFamily, Normal

torch.manual_seed(16)


class MDN(nn.Module):
    def __init__(self, k=4, hidden=40):
        super().__init__()
        self.hidden = nn.Sequential(nn.Linear(1, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh())
        self.logits = nn.Linear(hidden, k)
        self.loc = nn.Linear(hidden, k)
        self.raw_scale = nn.Linear(hidden, k)
        # spread the components so that they do not all start alike
        with torch.no_grad():
            self.loc.bias.copy_(torch.linspace(0, 1, k))

    def forward(self, x):
        h = self.hidden(x)
        scale = F.softplus(self.raw_scale(h)) + 1e-2
        return MixtureSameFamily(Categorical(logits=self.logits(h)), Normal(self.loc(h), scale))


def inverse_data(n):
    t = torch.rand(n)
    x = t + 0.3 * torch.sin(2 * torch.pi * t) + 0.05 * torch.randn(n)
    return x.unsqueeze(1), t


x_train, t_train = inverse_data(1200)
x_test, t_test = inverse_data(600)

model = MDN()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

for epoch in range(1, 31):
    model.train()
    epoch_nll = 0.0
    for idx in torch.randperm(1200).split(100):
        nll = -model(x_train[idx]).log_prob(t_train[idx]).mean()
        optimizer.zero_grad()
        nll.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        epoch_nll += nll.item() * len(idx)
    if epoch % 10 == 0:
        model.eval()
        with torch.no_grad():
            test_nll = -model(x_test).log_prob(t_test).mean().item()
        print(f"epoch {epoch}: train nll {epoch_nll / 1200:.3f}, test nll {test_nll:.3f}")

with torch.no_grad():
    mix = model(torch.tensor([[0.5]]))
    weights = mix.mixture_distribution.probs.squeeze(0)
    centres = mix.component_distribution.mean.squeeze(0)
for w, c in zip(weights.tolist(), centres.tolist()):
    print(f"  x=0.5: component at {c:.2f} with weight {w:.2f}")
