import torch
from torch import nn

torch.manual_seed(58)
model = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))
model.eval()
img = torch.rand(1, 3, 16, 16, requires_grad=True)
score = model(img)[0].max()
score.backward()
saliency = img.grad.abs().amax(dim=1)[0]
print("max at", divmod(int(saliency.argmax()), 16))
