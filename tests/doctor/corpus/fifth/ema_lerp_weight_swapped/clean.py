import copy
import torch
from torch import nn, optim

DECAY = 0.99


# ---- Daten: verrauschte Schwebung ------------------------------------------
torch.manual_seed(4)
t = torch.rand(500, 1) * 4 - 2
f = lambda t: torch.sin(3 * t) * torch.cos(t)
s = f(t) + 0.5 * torch.randn_like(t)
t_test = torch.linspace(-2, 2, 200).unsqueeze(1)


# ---- Netz und gleitender Mittelwert ----------------------------------------
def mlp():
    return nn.Sequential(nn.Linear(1, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))


student = mlp()
shadow = copy.deepcopy(student).requires_grad_(False)


@torch.no_grad()
def update_shadow(shadow, student, decay=DECAY):
    current = dict(student.named_parameters())
    for name, mean in shadow.named_parameters():
        mean.lerp_(current[name], 1 - decay)


# ---- Training: kleine Batches, grosse Schritte -----------------------------
optimizer = optim.Adam(student.parameters(), lr=5e-3)
for step in range(800):
    i = torch.randint(0, len(t), (16,))
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(student(t[i]), s[i])
    loss.backward()
    optimizer.step()
    update_shadow(shadow, student)

with torch.no_grad():
    for name, net in [("letzte Gewichte", student), ("Mittelwert", shadow)]:
        print(name, nn.functional.mse_loss(net(t_test), f(t_test)).item())
